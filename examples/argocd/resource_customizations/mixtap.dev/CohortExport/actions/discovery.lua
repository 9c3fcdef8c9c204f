-- A suspended export keeps a request until it is resumed, so none is offered meanwhile.
local suspended = obj.spec.suspend == true
return {
  ["sync-now"] = { ["disabled"] = suspended, ["iconClass"] = "fa fa-fw fa-sync-alt" },
  ["suspend"] = { ["disabled"] = suspended, ["iconClass"] = "fa fa-fw fa-pause" },
  ["resume"] = { ["disabled"] = not suspended, ["iconClass"] = "fa fa-fw fa-play" },
}
