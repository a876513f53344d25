"""Another text, made of one."""
