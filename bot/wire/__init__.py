"""News comes in: due feeds are asked, their documents read, and new items committed."""
