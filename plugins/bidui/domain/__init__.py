"""The words of the field as types. Imports nothing of bidui; reads no clock, no file, no database."""
