"""Pictures: files of images, or pixels."""
