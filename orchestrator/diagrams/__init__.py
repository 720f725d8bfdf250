"""Charts as pictures: measured boxes, laid out by Graphviz, drawn by us. See `render.py`."""
