"""Sounds of one length at one rate."""
