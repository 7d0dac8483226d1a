"""Many recordings at once: on Dask's workers, into one Parquet dataset. The only folder that knows Dask and pyarrow."""
