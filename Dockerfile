# fer-cam with the extras for data and for the browser. Not built by .ci/run: no container engine is available there.
#   docker build -t fer-cam .
#   docker run --rm -v "$PWD:/data" fer-cam clip.mp4 --csv faces.csv
#   docker run --rm --device /dev/video0 -v "$PWD:/data" fer-cam 0 --no-display --jsonl -
FROM python:3.13-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

COPY . /src
RUN pip install --no-cache-dir "/src[bulk,mqtt,osc,report,web]" && rm -r /src

RUN useradd --create-home viewer && usermod --append --groups video viewer
USER viewer
WORKDIR /data
ENTRYPOINT ["fer-cam"]
