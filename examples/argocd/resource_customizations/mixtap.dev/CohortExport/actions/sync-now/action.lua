-- Any token that wasn't there before asks for one run; the time is one.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["mixtap.dev/requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
