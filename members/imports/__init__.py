"""Members from a file of somebody's own: read, matched, shown as what will happen, done, and taken back."""
