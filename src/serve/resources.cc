#include "serve/resources.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "serve/dynamic_body.h"
#include "serve/static_body.h"

namespace aws {

namespace {
std::unique_ptr<Body> make_static(const BodyTools& tools, UniqueFd file, std::uint64_t length,
                                  void* waiter);
std::unique_ptr<Body> make_dynamic(const BodyTools& tools, UniqueFd file, std::uint64_t length,
                                   void* waiter);
}  // namespace

// One kind of resource: the folder of the root it lives in, and how its files are sent.
struct ResourceKind {
  std::string_view folder;
  std::string_view engine;  // its name in the log
  std::unique_ptr<Body> (*make_body)(const BodyTools&, UniqueFd, std::uint64_t length,
                                     void* waiter);
};

namespace {

constexpr std::array kKinds = {
    ResourceKind{"static", "static", make_static},
    ResourceKind{"dynamic", "dynamic", make_dynamic},
};
constexpr const ResourceKind& kFrontPageKind = kKinds[0];  // "/" alone, by its index.html
constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kMimeTypes = "/etc/mime.types";

std::unique_ptr<Body> make_static(const BodyTools& tools, UniqueFd file, std::uint64_t length,
                                  void* /*waiter*/) {
  return std::make_unique<StaticBody>(tools.sys, std::move(file), 0, length);
}

std::unique_ptr<Body> make_dynamic(const BodyTools& tools, UniqueFd file, std::uint64_t length,
                                   void* waiter) {
  return std::make_unique<DynamicBody>(tools.sys, tools.aio, std::move(file), 0, length, waiter);
}

// The kind that serves `path`, or nullptr: all other addresses do not exist.
const ResourceKind* kind_of(std::string_view path) {
  const std::string_view first = path.substr(0, path.find('/'));
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [=](const ResourceKind& row) { return row.folder == first; });
  return kind == kKinds.end() ? nullptr : &*kind;
}

// What an errno of open(2) or fstat(2) means to a client.
// A folder where a file should be is no error of the kernel's: 0 is 404 too.
int status_of_error(int error) {
  switch (error) {
    case 0:
    case ENOENT:
    case ENOTDIR:
    case EXDEV:  // it leads out of the root: to the client, it is not there
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:  // a socket
    case ENODEV:
    case EINVAL:
      return 404;
    case EACCES:
    case EPERM:
      return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return 503;
    default:
      return 500;
  }
}

Response file_response(const ResourceKind& kind, OpenedFile opened, std::string_view media_type,
                       const BodyTools& tools, void* waiter) {
  Response response;
  const auto length = static_cast<std::uint64_t>(opened.status.st_size);
  response.engine = kind.engine;
  response.head.content_type = media_type;
  response.head.content_length = length;
  response.head.last_modified = opened.status.st_mtim.tv_sec;
  if (length > 0) response.body = kind.make_body(tools, std::move(opened.file), length, waiter);
  return response;
}

Response redirect_to_folder(const Target& target, Sys& sys) {
  Response response = status_response(sys, 301);
  response.head.location = encode_path(target.path) + "/";
  if (target.has_query) response.head.location.append("?").append(target.query);
  return response;
}

}  // namespace

Resources::Resources(const std::string& root_folder) : root_(root_folder) {
  media_types_.add_file(kMimeTypes);
}

Response Resources::answer(const Request& request, const BodyTools& tools, void* waiter) const {
  if (request.refusal != 200) return status_response(tools.sys, request.refusal);
  if (request.method == Method::Options || request.method == Method::Other) {
    const int status = request.method == Method::Options ? 204 : 405;
    Response response = status_response(tools.sys, status);
    response.head.allow = true;
    return response;
  }
  const std::optional<Target> target = parse_target(request.target);
  return target ? find(*target, tools, waiter) : status_response(tools.sys, 400);
}

Response Resources::find(const Target& target, const BodyTools& tools, void* waiter) const {
  if (target.path.empty()) {
    OpenedFile front_page = root_.open(tools.sys, std::string(kIndex));
    if (!front_page.file) return status_response(tools.sys, status_of_error(front_page.error));
    return file_response(kFrontPageKind, std::move(front_page), media_types_.of(kIndex), tools,
                         waiter);
  }
  const ResourceKind* const kind = kind_of(target.path);
  if (kind == nullptr) return status_response(tools.sys, 404);
  if (target.is_folder) return open_folder(*kind, target, tools, waiter);

  OpenedFile opened = root_.open(tools.sys, target.path);
  if (opened.is_folder) return redirect_to_folder(target, tools.sys);
  if (opened.error != 0) return status_response(tools.sys, status_of_error(opened.error));
  return file_response(*kind, std::move(opened), media_types_.of(target.path), tools, waiter);
}

// A folder is its index.html; without one it may not be read (403), without itself it is 404.
Response Resources::open_folder(const ResourceKind& kind, const Target& target,
                                const BodyTools& tools, void* waiter) const {
  OpenedFile index = root_.open(tools.sys, target.path + "/" + std::string(kIndex));
  if (index.file) {
    return file_response(kind, std::move(index), media_types_.of(kIndex), tools, waiter);
  }
  if (index.error != 0 && index.error != ENOENT) {
    return status_response(tools.sys, status_of_error(index.error));
  }
  const OpenedFile folder = root_.open(tools.sys, target.path);
  return status_response(tools.sys, folder.is_folder ? 403 : status_of_error(folder.error));
}

}  // namespace aws
