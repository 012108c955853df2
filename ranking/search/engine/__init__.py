"""What search is made of that needs no engine: words, corrections and scores. Strings and arrays in and out; nothing of
Django, nothing of drivers."""
