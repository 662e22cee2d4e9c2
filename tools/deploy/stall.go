package deploy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// stallLimit is how long a push may go without a byte moving. The registry takes less to check a large layer.
const stallLimit = 2 * time.Minute

var errStalled = fmt.Errorf("the push stalled: no byte moved for %d s", int(stallLimit.Seconds()))

// stallGuard is a transport that gives a request up when no byte has moved for the stallLimit. Without it a peer that
// keeps the connection open but takes nothing would hold the push up for ever.
type stallGuard struct{ http.RoundTripper }

func (g stallGuard) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	body := guardedBody{ctx: ctx, cancel: cancel, timer: time.AfterFunc(stallLimit, func() { cancel(errStalled) })}
	request = request.Clone(ctx)
	if request.Body != nil && request.Body != http.NoBody {
		sent := body
		sent.ReadCloser = request.Body
		request.Body = sent
	}
	response, err := g.RoundTripper.RoundTrip(request)
	if err != nil {
		body.end()
		return nil, body.cause(err)
	}
	body.ReadCloser = response.Body
	response.Body = receivedBody{body}
	return response, nil
}

// guardedBody notices that bytes of a body move.
type guardedBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func (b guardedBody) Read(into []byte) (int, error) {
	count, err := b.ReadCloser.Read(into)
	if count > 0 {
		b.timer.Reset(stallLimit)
	}
	return count, b.cause(err)
}

// cause is why a request was given up: a transport may say only that it was.
func (b guardedBody) cause(err error) error {
	if err != nil && context.Cause(b.ctx) == errStalled {
		return errStalled
	}
	return err
}

func (b guardedBody) end() {
	b.timer.Stop()
	b.cancel(nil)
}

// receivedBody ends the guard with the answer.
type receivedBody struct{ guardedBody }

func (b receivedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
