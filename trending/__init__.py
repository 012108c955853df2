"""What is hot: sounds and hashtags of the last day, creators who are growing, and what staff pin or block."""
