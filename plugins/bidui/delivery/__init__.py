"""What goes out (交付): workbooks, documents and mails, rendered from values and templates into bytes."""
