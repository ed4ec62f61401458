#pragma once

namespace mote::model {

/// Which end of a connection somebody is.
enum class Role { client, server };

}  // namespace mote::model
