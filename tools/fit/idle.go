package fit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	// idleWatch is how long an idle connection is watched. It notices servers that close after five seconds: most versions
	// of Node.js (some add a second), uvicorn, Apache.
	idleWatch = 7 * time.Second
	// idleTimeout is how long a load balancer keeps an idle connection, unless somebody has changed it (Application Load
	// Balancers guide, Load balancer attributes). The program leaves it alone.
	idleTimeout = 60 * time.Second
)

// closesIdle asks the health path once, keeps the connection open, and returns how long it took the application to close
// it. 0 means that it stayed open while it was watched, or that the answer announced the close.
func (t *trial) closesIdle(ctx context.Context) time.Duration {
	connection, err := (&net.Dialer{Timeout: t.plan.LoadBalancer.Timeout}).DialContext(ctx, "tcp", t.address)
	if err != nil {
		return 0
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { _ = connection.Close() })()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.address+t.plan.LoadBalancer.Path, nil)
	if err != nil {
		return 0
	}
	_ = connection.SetDeadline(time.Now().Add(t.plan.LoadBalancer.Timeout))
	reader := bufio.NewReader(connection)
	if err := request.Write(connection); err != nil {
		return 0
	}
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return 0
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.Close {
		return 0
	}
	answered := time.Now()
	_ = connection.SetDeadline(answered.Add(t.idleWatch))
	if _, err = reader.Peek(1); err == nil || errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil {
		return 0
	}
	return time.Since(answered)
}

// warnOfIdle is the warning about an application that closes idle connections.
func warnOfIdle(after time.Duration) string {
	return strings.Join([]string{
		fmt.Sprintf("Warning: it closes idle connections after %s, and the load balancer keeps them for %s. A request that meets a",
			round(after), seconds(idleTimeout)),
		"closed connection ends in a 502 for the user, now and then. Let the application keep them longer:",
		"  Node.js  server.keepAliveTimeout = 65_000; server.headersTimeout = 66_000",
		"  Go       http.Server{IdleTimeout: 65 * time.Second}",
		"  Python   uvicorn --timeout-keep-alive 65, or gunicorn --keep-alive 65",
	}, "\n")
}
