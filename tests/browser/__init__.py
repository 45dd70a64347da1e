"""The page in real Chromium: what people click, what they read, and that all of them can."""
