"""Where an archive lies: file names, Parquet files, and the directory or S3-compatible store that holds them."""
