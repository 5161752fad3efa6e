"""Drawing: charts as PNG and SVG, with matplotlib, which is imported when one is drawn."""
