"""The browser as a view: a page with the server's source, browsers' own cameras, an overlay for streamers.

    main thread             view: frames in, actions out
    server's loop (thread)  server, guard -> routes -> watch, camera, streams; hub, orders and cameras hold the state
    threads of the view     shot encodes images, tracking reads the frames of browsers' cameras

Texts of the WebSockets are JSON objects with a `type`. Images are binary: the header of `wire`, then a JPEG.

/watch, from the server:
    hello     once: version, labels, source, markers, stored, can (names of actions), role, clock, settings, model
    frame     a line of the data, and `at`, its capture in seconds of the server's clock; then its image, unless there are none
    status    twice a second, and when something changes
    lesson    face, captions of the paper's steps; then their images side by side, unless there is no face
    notice    text: one line for the viewers
    marker    a line of the data
    control   mine, free: whether this page is in control, and whether nobody is
    refused   text: why an order was not carried out
    pong      sent: as in the ping; server: seconds of the server's clock
    summary   the last line of the data; then the connection is closed with 1000
/watch, from the page:
    ack       frame: it is drawn; the next one may come
    action    action: one of `can`
    marker    name or null, ago_ms: how long ago it was set
    record    on: begins or ends a session
    take-over, images (on), ping (sent: milliseconds of the page's clock)

/camera, from the page: images, one unanswered at a time, with capture times of the page's clock; ping, which may say `rtt`, the
round trip of the ping before in milliseconds; action, marker, record, and stop, which ends the session.
/camera, from the server: hello, whose `session` is the KEY for /camera?session=KEY after a dropped connection; for
each image a frame, or refused with `frame`; lesson, status, notice, marker, pong, summary.

`stored`, in hello and status, says whether a session is recorded, whether one can be, whether anything is stored, where, and
which sessions have ended: their files are at /download/NAME/FILE.

Codes of closing: 1000 the run or the camera has ended, 1001 the program was cut short, 1003 and 1007 not a message, 4401 no
cookie, 4403 may only watch, 4408 too slow, too many, or a frame before the answer.
"""
