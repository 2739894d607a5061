// All of the library.
#pragma once

#include "aws/command_line.h"
#include "aws/connection.h"
#include "aws/error.h"
#include "aws/options.h"
#include "aws/tcp_server.h"
#include "aws/udp_server.h"
