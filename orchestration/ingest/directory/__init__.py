"""One run over the directory: reads its lists and the usage report, and hands them to the writer."""
