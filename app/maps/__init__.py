"""Folium maps of the atlas, and the local copies of what they link to."""
