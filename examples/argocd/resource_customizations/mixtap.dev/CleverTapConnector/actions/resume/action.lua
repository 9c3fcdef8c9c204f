-- Not removed: a manifest that says `suspend: false` would differ from an object without it.
obj.spec.suspend = false
return obj
