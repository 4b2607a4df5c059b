"""The app over `core`: Dash pages, command line, library, jobs. Imports no torch."""
