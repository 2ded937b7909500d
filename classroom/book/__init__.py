"""The book: every notebook as a page to read and to search in any browser, with a link to its live twin."""
