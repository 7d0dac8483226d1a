"""The user guides: Markdown pages that ship with the package; `fer-cam guide NAME` shows one."""
