-- Healthy and Suspended as Ready says, Degraded where a person must act or five tries in a row
-- failed, Progressing otherwise.
local patience = 5

local status = obj.status or {}
local ready, stalled
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    ready = condition
  elseif condition.type == "Stalled" and condition.status == "True" then
    stalled = condition
  end
end

-- Until the controller has seen this generation, its words are about another one.
local seen = status.observedGeneration or -1
if ready == nil or seen < (obj.metadata.generation or 0) then
  return { status = "Progressing", message = "The controller hasn't finished with this generation yet." }
end
if ready.status == "True" then
  return { status = ready.reason == "Suspended" and "Suspended" or "Healthy", message = ready.message }
end
local message = ready.reason .. ": " .. ready.message
local failed = ready.status == "False" and (status.consecutiveFailures or 0) >= patience
if stalled ~= nil or failed then
  return { status = "Degraded", message = message }
end
return { status = "Progressing", message = message }
