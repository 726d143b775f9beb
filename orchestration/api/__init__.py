"""Reading one page of the API over HTTP: authentication, limits, retries."""
