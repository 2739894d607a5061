#include "serve/file_response.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/conditional.h"
#include "http/entity_tag.h"
#include "http/multipart.h"
#include "http/ranges.h"
#include "serve/encoded_body.h"
#include "serve/multipart_body.h"
#include "serve/version_of.h"

namespace aws {
namespace {

// The clock is read for a fresh file alone, and anew for each answer: we never match such a tag
// (see validators_of), but a shared cache might, if it had it twice with different bytes.
std::string tag_of(const Representation& file, const FileVersion& version, const BodyTools& tools) {
  if (!is_settled(version, wall_time(tools.now))) {
    return make_fresh_entity_tag(version, wall_time(tools.sys.now()));
  }
  return make_entity_tag(version, file.encode, file.encode ? coding_name(file.coding) : "");
}

// The fields that a 200, a 206 and a 304 of the same file have alike (RFC 9110 section 15.4.5).
Response with_validators(const ResourceKind& kind, const Representation& file,
                         const FileVersion& version, const BodyTools& tools) {
  Response response;
  response.engine.assign(kind.engine).append(file.log_suffix());
  response.head.etag = tag_of(file, version, tools);
  if (last_modified_of(version.modified.s, tools.now.wall_s)) {
    response.head.last_modified = date_to_tell(version.modified, wall_time(tools.now));
  }
  response.head.vary_encoding = file.varies;
  return response;
}

// What preconditions are judged by. `tag` is the answer's, and outlives them.
Validators validators_of(const FileVersion& version, const std::string& tag, const Moment& now) {
  return {is_settled(version, wall_time(now)) ? parse_entity_tag(tag) : std::nullopt,
          last_modified_of(version.modified.s, now.wall_s)};
}

void describe_content(ResponseHead& head, const Representation& file) {
  head.content_type = file.content_type;
  if (file.coding != Coding::Identity) head.content_encoding = coding_name(file.coding);
  head.accept_ranges = !file.encode;
}

// Post-processed on the way: chunked, since the length is not known. False, and nothing is changed,
// if the encoder cannot be had.
bool send_encoded(Response& response, Representation& file, const BodyTools& tools,
                  Completion& completion) {
  std::unique_ptr<Encoder> encoder = make_encoder(coding_name(file.coding));
  if (encoder == nullptr) return false;
  const auto length = static_cast<std::uint64_t>(file.opened.status.st_size);
  describe_content(response.head, file);
  response.head.chunked = true;
  response.body = std::make_unique<EncodedBody>(tools.sys, tools.disk, std::move(file.opened.file),
                                                length, std::move(encoder), completion);
  return true;
}

void send_range(Response& response, const ResourceKind& kind, Representation file,
                const ByteRange& range, const BodyTools& tools, Completion& completion) {
  const auto length = static_cast<std::uint64_t>(file.opened.status.st_size);
  describe_content(response.head, file);
  response.head.status = 206;
  response.head.content_length = range.length();
  response.head.content_range = content_range(range, length);
  response.decision = "1 range";
  std::unique_ptr<FileBody> body = kind.make_body(tools, std::move(file.opened.file), completion);
  body->aim(static_cast<off_t>(range.first), range.length(), false);
  response.body = std::move(body);
}

// False if the whole file would be no longer.
bool send_ranges(Response& response, const ResourceKind& kind, Representation& file,
                 const std::vector<ByteRange>& ranges, const BodyTools& tools,
                 Completion& completion) {
  const auto length = static_cast<std::uint64_t>(file.opened.status.st_size);
  // Differs from answer to answer; that somebody guesses it costs only a client that let itself be
  // given a forged file.
  const auto number = static_cast<std::uint64_t>(tools.now.monotonic_us) * 0x9e3779b97f4a7c15U ^
                      reinterpret_cast<std::uintptr_t>(&completion) ^ file.opened.status.st_ino;
  const Multipart multipart(file.content_type, length, number);
  const std::optional<std::uint64_t> body_length = multipart.body_length(ranges);
  if (!body_length) return false;

  describe_content(response.head, file);
  response.head.status = 206;
  response.head.content_type = multipart.content_type();
  response.head.content_length = body_length;
  response.decision = fmt::format("{} ranges", ranges.size());
  std::vector<MultipartBody::Part> parts;
  parts.reserve(ranges.size());
  for (const ByteRange& range : ranges) {
    parts.push_back({.head = multipart.head(range),
                     .offset = static_cast<off_t>(range.first),
                     .length = range.length()});
  }
  response.body = std::make_unique<MultipartBody>(
      tools.sys, kind.make_body(tools, std::move(file.opened.file), completion), std::move(parts),
      multipart.end());
  return true;
}

Response not_satisfiable(Response response, std::uint64_t length) {
  Response refusal = status_response(416);
  refusal.head.content_range = unsatisfied_range(length);
  refusal.head.accept_ranges = true;
  refusal.head.vary_encoding = response.head.vary_encoding;
  refusal.decision = "range";
  return refusal;
}

}  // namespace

Response file_response(const Request& request, const ResourceKind& kind, Representation file,
                       const BodyTools& tools, Completion& completion) {
  if (!file.acceptable) {
    Response refusal = status_response(406);
    refusal.head.vary_encoding = true;
    refusal.decision = "accept-encoding";
    return refusal;
  }
  const FileVersion version = version_of(file.opened.status);
  Response response = with_validators(kind, file, version, tools);
  const Validators validators = validators_of(version, response.head.etag, tools.now);
  const Decision decision = evaluate_preconditions(request, validators, tools.now.wall_s);
  if (decision.verdict != Verdict::Proceed) return decided(std::move(response), decision);
  if (file.encode) {
    if (send_encoded(response, file, tools, completion)) return response;
    file.encode = false;  // then as it is, under its own tag
    file.coding = Coding::Identity;
    return file_response(request, kind, std::move(file), tools, completion);
  }

  const auto length = static_cast<std::uint64_t>(file.opened.status.st_size);
  if (range_applies(request, validators, tools.now.wall_s)) {
    const Ranges ranges = parse_ranges(request[Field::Range], length);
    if (ranges.kind == Ranges::Kind::Unsatisfiable) {
      return not_satisfiable(std::move(response), length);
    }
    if (ranges.kind == Ranges::Kind::Partial) {
      if (ranges.list.size() == 1) {
        send_range(response, kind, std::move(file), ranges.list.front(), tools, completion);
        return response;
      }
      if (send_ranges(response, kind, file, ranges.list, tools, completion)) return response;
    }
  }
  describe_content(response.head, file);
  response.head.content_length = length;
  response.body = whole_body(kind, std::move(file.opened), tools, completion);
  return response;
}

std::unique_ptr<Body> whole_body(const ResourceKind& kind, OpenedFile opened,
                                 const BodyTools& tools, Completion& completion) {
  const auto length = static_cast<std::uint64_t>(opened.status.st_size);
  if (length == 0) return nullptr;
  std::unique_ptr<FileBody> body = kind.make_body(tools, std::move(opened.file), completion);
  body->aim(0, length, false);
  return body;
}

bool has_lasting_validators(const struct stat& status, const Moment& now) {
  const FileVersion version = version_of(status);
  return is_settled(version, wall_time(now)) &&
         date_to_tell(version.modified, wall_time(now)) == version.modified.s;
}

}  // namespace aws
