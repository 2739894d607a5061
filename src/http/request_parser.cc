#include "http/request_parser.h"

#include <algorithm>
#include <iterator>

#include "http/ascii.h"
#include "http/field_rules.h"
#include "http/host.h"

namespace aws {
namespace {

// llhttp refuses two things that we serve: raw UTF-8 in the target, as curl sends it, and minor
// versions above 1, which RFC 9110 section 2.5 has us treat as 1.1. It is shown a masked copy of
// such a request line, of equal length; the Request is made from the original.
bool needs_mask(std::string_view line) {
  return line[line.size() - 1] > '1' ||
         std::any_of(line.begin(), line.end(), [](char c) { return (c & 0x80) != 0; });
}

std::string masked(std::string_view line) {
  std::string copy(line);
  std::replace_if(
      copy.begin(), copy.end(), [](char c) { return (c & 0x80) != 0; }, 'x');
  copy.back() = std::min(copy.back(), '1');
  return copy;
}

Method method_of(std::string_view name) {
  if (name == "GET") return Method::Get;
  if (name == "HEAD") return Method::Head;
  if (name == "OPTIONS") return Method::Options;
  return Method::Other;
}

}  // namespace

RequestParser::Outcome RequestParser::feed(std::string_view received) {
  if (in_body_) return parse_body(received);
  const int status = scanner_.scan(received);
  started_ = scanner_.started(received);
  kept_ = received.size();
  if (status == 0) return Outcome::Incomplete;
  consumed_ = received.size();
  return status == 200 ? parse_head(received) : refuse(status);
}

void RequestParser::end_of_input() {
  refuse(400);
}

void RequestParser::time_out() {
  refuse(408);
}

void RequestParser::reset() {
  *this = RequestParser();
}

RequestParser::Outcome RequestParser::refuse(int status) {
  refusal_ = status;
  keep_alive_ = false;
  is_last_ = false;
  return Outcome::Complete;
}

RequestParser::Outcome RequestParser::finish(std::size_t consumed) {
  consumed_ = consumed;
  return Outcome::Complete;
}

RequestParser::Outcome RequestParser::parse_head(std::string_view received) {
  const std::size_t head_end = scanner_.head_end();
  const std::size_t begin = scanner_.line_begin();
  execute_head(received.substr(0, head_end));

  const int status = status_of_head(received.substr(begin, scanner_.method_end() - begin));
  if (status != 200 && status != 417) return refuse(status);
  refusal_ = status;
  const bool http_1_0 = received[scanner_.line_end() - 1] == '0';
  keep_alive_ = !close_ && (!http_1_0 || persist_);
  is_last_ = !keep_alive_;
  if (!has_body_) return finish(head_end);

  const bool asks_first = !http_1_0 && fields_[static_cast<std::size_t>(Field::Expect)].size > 0;
  if (asks_first || (codings_ == 0 && llhttp_.content_length > kBodyLimit)) {
    // RFC 9110 section 10.1.1: a final answer may come at once. Whether the body will still
    // follow cannot be known, so the connection ends with it.
    keep_alive_ = false;
    is_last_ = false;
    return finish(head_end);
  }
  in_body_ = true;
  kept_ = head_end;
  return parse_body(received);
}

// Shows llhttp the whole head. Its findings are left in error_ and the members the callbacks set.
void RequestParser::execute_head(std::string_view head) {
  const std::string_view line =
      head.substr(scanner_.line_begin(), scanner_.line_end() - scanner_.line_begin());
  const std::string_view fields = head.substr(scanner_.line_end());
  base_ = head.data();
  llhttp_init(&llhttp_, HTTP_REQUEST, &settings());
  llhttp_.data = this;
  if (needs_mask(line)) {
    const std::string copy = masked(line);
    error_ = llhttp_execute(&llhttp_, copy.data(), copy.size());
  } else {
    error_ = llhttp_execute(&llhttp_, line.data(), line.size());
  }
  if (error_ == HPE_OK) error_ = llhttp_execute(&llhttp_, fields.data(), fields.size());
  base_ = nullptr;
}

int RequestParser::status_of_head(std::string_view method) const {
  if (method == "PRI" || method == "SOURCE") return 501;  // llhttp's, but not of HTTP/1.1
  switch (error_) {
    case HPE_OK:
    case HPE_PAUSED:  // by on_message_complete: there is no body
      break;
    case HPE_INVALID_METHOD:
    case HPE_INVALID_CONSTANT:  // a method that llhttp knows from RTSP
    case HPE_PAUSED_H2_UPGRADE:
      return 501;
    default:
      return 400;
  }
  const bool http_1_0 = llhttp_.http_minor == 0;
  if (hosts_ > 1 || (hosts_ == 0 && !http_1_0)) return 400;
  // RFC 9112 sections 6.1 and 6.3. llhttp takes an empty Transfer-Encoding for none at all, where
  // somebody before us may have taken it for one: whoever sends two framings gets neither.
  if (codings_ > 0 && (http_1_0 || codings_ > 1 || (llhttp_.flags & F_CHUNKED) == 0)) return 400;
  if (codings_ > 0 && !only_chunked_) return 501;
  return refusal_;
}

RequestParser::Outcome RequestParser::parse_body(std::string_view received) {
  const std::size_t head_end = kept_;
  const std::string_view body = received.substr(head_end);
  base_ = received.data();
  error_ = llhttp_execute(&llhttp_, body.data(), body.size());
  base_ = nullptr;
  if (message_complete_) {
    const auto end = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - received.data());
    if (codings_ > 0 && !ends_in_crlf(received.substr(head_end, end - head_end))) {
      consumed_ = received.size();
      return refuse(400);
    }
    return finish(end);
  }
  consumed_ = received.size();
  if (error_ != HPE_OK) return refuse(400);  // chunks that are none
  body_bytes_ += body.size();
  if (!body.empty()) body_end_ = body.back();
  if (body_bytes_ <= kBodyLimit) return Outcome::Incomplete;
  keep_alive_ = false;
  is_last_ = false;
  return Outcome::Complete;
}

// Whether `at`, in the body, is a line's beginning.
bool RequestParser::begins_line(const char* at) const {
  const char before = at > base_ + kept_ ? at[-1] : body_end_;
  return before == '\n';
}

// llhttp lets the empty line behind the last chunk be a bare line feed.
bool RequestParser::ends_in_crlf(std::string_view body) const {
  const char before = body.size() > 1 ? body[body.size() - 2] : body_end_;
  return body.ends_with('\n') && before == '\r';
}

Request RequestParser::request(std::string_view received) const {
  Request request;
  request.refusal = refusal_;
  request.keep_alive = keep_alive_;
  request.is_last = is_last_;
  if (!scanner_.has_line()) {  // an answer to HEAD has no body, whatever is wrong with the rest
    const std::string_view begun = received.substr(scanner_.line_begin());
    request.method = method_of(begun.substr(0, begun.find(' ')));
    return request;
  }

  const std::size_t begin = scanner_.line_begin();
  const std::string_view line = received.substr(begin, scanner_.line_end() - begin);
  request.method_name = line.substr(0, scanner_.method_end() - begin);
  request.method = method_of(request.method_name);
  const std::size_t target_begin = scanner_.method_end() + 1;
  request.target = received.substr(target_begin, scanner_.target_end() - target_begin);
  request.version = line.substr(scanner_.target_end() + 1 - begin);
  request.http_1_0 = request.version.back() == '0';
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Span span = fields_[i];
    if (span.offset != 0) request.fields[i] = received.substr(span.offset, span.size);
  }
  for (const JoinedList& list : joined_)
    request.fields[list.field] = list.value;
  return request;
}

// ---- llhttp's callbacks. It hands names and values over whole, since it sees the head at once.

const llhttp_settings_t& RequestParser::settings() {
  static const llhttp_settings_t kSettings = [] {
    llhttp_settings_t callbacks;
    llhttp_settings_init(&callbacks);
    callbacks.on_header_field = [](llhttp_t* parser, const char* at, std::size_t size) {
      RequestParser& me = self(parser);
      const bool nameless = size == 0 && me.in_body_ && me.begins_line(at);
      me.begin_field({at, size});
      return nameless ? static_cast<int>(HPE_USER) : 0;
    };
    callbacks.on_header_value = [](llhttp_t* parser, const char* at, std::size_t size) {
      RequestParser& me = self(parser);
      if (me.in_body_) {  // of a trailer: folded, if it begins a line
        return me.begins_line(at) ? static_cast<int>(HPE_USER) : 0;
      }
      me.value_ = me.span_of({at, size});
      return 0;
    };
    callbacks.on_header_value_complete = [](llhttp_t* parser) {
      self(parser).end_field();
      return 0;
    };
    callbacks.on_headers_complete = [](llhttp_t* parser) {
      parser->upgrade = 0;  // RFC 9110 section 7.8: a server may ignore Upgrade, and we do
      self(parser).has_body_ = (parser->flags & F_CHUNKED) != 0 || parser->content_length > 0;
      return 0;
    };
    callbacks.on_message_complete = [](llhttp_t* parser) {
      self(parser).message_complete_ = true;
      return static_cast<int>(HPE_PAUSED);  // what follows belongs to the next request
    };
    return callbacks;
  }();
  return kSettings;
}

RequestParser::Span RequestParser::span_of(std::string_view part) const {
  return {static_cast<std::uint32_t>(part.data() - base_), static_cast<std::uint32_t>(part.size())};
}

void RequestParser::begin_field(std::string_view name) {
  if (in_body_) return;  // a trailer
  value_ = span_of(name.substr(name.size()));
  field_ = static_cast<std::size_t>(field_named(name));
  in_connection_ = equals_ignoring_case(name, "connection");
  in_coding_ = equals_ignoring_case(name, "transfer-encoding");
}

void RequestParser::end_field() {
  if (in_body_) return;
  const std::string_view value = trimmed({base_ + value_.offset, value_.size});
  if (in_connection_) read_connection(value);
  if (in_coding_) {
    if (codings_ < 2) ++codings_;
    only_chunked_ = equals_ignoring_case(value, "chunked");
  }
  if (field_ == kNoField) return;
  add_line(value);
  const auto field = static_cast<Field>(field_);
  if (field == Field::Host) {
    if (hosts_ < 2) ++hosts_;
    if (!is_valid_host(value)) refusal_ = 400;
  }
  // HTTP/1.0 clients cannot mean an expectation (RFC 9110 section 10.1.1).
  if (field == Field::Expect && refusal_ == 200 && llhttp_.http_minor > 0 &&
      !equals_ignoring_case(value, "100-continue")) {
    refusal_ = 417;
  }
}

void RequestParser::add_line(std::string_view value) {
  Span& span = fields_[field_];
  const bool is_first = span.offset == 0;
  const Repeated repeated = rule_of(static_cast<Field>(field_));
  if (is_first || repeated == Repeated::Replaces) {
    span = span_of(value);
  } else if (repeated == Repeated::Spoils) {
    span.size = 0;
  } else {
    join_line(value);
  }
}

void RequestParser::join_line(std::string_view value) {
  const auto is_ours = [this](const JoinedList& list) { return list.field == field_; };
  auto list = std::find_if(joined_.begin(), joined_.end(), is_ours);
  if (list == joined_.end()) {
    const Span first = fields_[field_];
    joined_.push_back({field_, {base_ + first.offset, first.size}});
    list = std::prev(joined_.end());
  }
  list->value += ", ";
  list->value += value;
}

// Connection's tokens; several such fields add up (RFC 9110 section 7.6.1).
void RequestParser::read_connection(std::string_view value) {
  while (!value.empty()) {
    const std::string_view option = take_member(value);
    if (equals_ignoring_case(option, "close")) close_ = true;
    if (equals_ignoring_case(option, "keep-alive")) persist_ = true;
  }
}

}  // namespace aws
