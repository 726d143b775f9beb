"""One run of ingestion: plans slices, reads them from the feed and hands the records to landing."""
