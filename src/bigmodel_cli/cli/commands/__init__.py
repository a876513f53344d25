"""The commands, a module each with a click command named `command`. Nothing else lists them."""
