// Command application is the smallest application that fits the stack: a web server in one static program, which
// answers on the health path and tells what of the stack reaches it. The acceptance run deploys it, and try-image is
// tested with it. Called by the name curl or wget it is that of the container's own health check, so that an image needs
// nothing else.
//
// Flags make variants of it, one to be told apart from another and some that fit badly. An image gives them as its
// command, so that all variants share one program.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	// An image without a base brings no certificates of authorities, and AWS is asked by HTTPS.
	_ "golang.org/x/crypto/x509roots/fallback"
)

// shutdownGrace is how long requests under way may go on after the signal to end. ECS waits 30 seconds.
const shutdownGrace = 5 * time.Second

// behaviour is what the flags say.
type behaviour struct {
	// version tells two images apart.
	version string
	// health is where health is asked for: a path, and a query if it has one.
	health *url.URL
	// healthStatus is the HTTP status there.
	healthStatus int
	// healthDelay is how long an answer there takes.
	healthDelay time.Duration
	// host is the address to listen on; empty means all.
	host string
	// port is the port to listen on; 0 means the one in PORT.
	port int
	// readyAfter is how long it takes until the server listens.
	readyAfter time.Duration
	// idleTimeout is after how long an idle connection is closed; 0 means never.
	idleTimeout time.Duration
	// tls lets the server speak TLS alone.
	tls bool
	// allocate is how much memory to take at the start, in MiB.
	allocate int
	// exitMessage ends the program at its start, with this text and exitCode.
	exitMessage string
	exitCode    int
}

func main() {
	switch filepath.Base(os.Args[0]) {
	case "curl":
		os.Exit(curl(os.Args[1:], os.Stdout, os.Stderr))
	case "wget":
		os.Exit(wget(os.Args[1:], os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout))
}

// parse reads the flags.
func parse(arguments []string, output io.Writer) (behaviour, error) {
	var b behaviour
	flags := flag.NewFlagSet("application", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&b.version, "version", "unversioned", "`text` that tells this image from another")
	healthPath := flags.String("health-path", "/health", "`path` where health is asked for")
	flags.IntVar(&b.healthStatus, "health-status", http.StatusOK, "HTTP `status` on the health path")
	flags.DurationVar(&b.healthDelay, "health-delay", 0, "`time` that an answer on the health path takes")
	flags.StringVar(&b.host, "host", "", "`address` to listen on (default all)")
	flags.IntVar(&b.port, "port", 0, "`port` to listen on (default the one in PORT)")
	flags.DurationVar(&b.readyAfter, "ready-after", 0, "`time` until the server listens")
	flags.DurationVar(&b.idleTimeout, "idle-timeout", 0, "`time` after which an idle connection is closed (default never)")
	flags.BoolVar(&b.tls, "tls", false, "speak TLS, with a certificate that nobody knows")
	flags.IntVar(&b.allocate, "allocate", 0, "`MiB` of memory to take at the start")
	flags.StringVar(&b.exitMessage, "exit-message", "", "`text` with which to end at the start")
	flags.IntVar(&b.exitCode, "exit-code", 1, "exit `code` for exit-message")
	if err := flags.Parse(arguments); err != nil {
		return b, err
	}
	if flags.NArg() > 0 {
		return b, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	var err error
	if b.health, err = url.Parse(*healthPath); err != nil {
		return b, fmt.Errorf("health-path is %q, and it must be a path: %w", *healthPath, err)
	}
	return b, nil
}

// run is the application from start to end, and returns its exit code.
func run(ctx context.Context, arguments []string, log io.Writer) int {
	behaviour, err := parse(arguments, log)
	if err != nil {
		fmt.Fprintf(log, "application: %v\n", err)
		return 2
	}
	fmt.Fprintf(log, "application %s starts\n", behaviour.version)
	if behaviour.exitMessage != "" {
		fmt.Fprintln(log, behaviour.exitMessage)
		return behaviour.exitCode
	}
	taken := take(behaviour.allocate)
	if err := serve(ctx, behaviour, log); err != nil {
		fmt.Fprintf(log, "application: %v\n", err)
		return 1
	}
	fmt.Fprintf(log, "application %s ends, with %d MiB taken\n", behaviour.version, len(taken))
	return 0
}

// take takes memory, in blocks of a MiB, and writes to every page of it, because memory that nobody has written
// to counts against no limit.
func take(mebibytes int) [][]byte {
	var taken [][]byte
	for range mebibytes {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += os.Getpagesize() {
			block[i] = 1
		}
		taken = append(taken, block)
	}
	return taken
}

// serve answers requests until the context ends.
func serve(ctx context.Context, behaviour behaviour, log io.Writer) error {
	port := os.Getenv("PORT")
	if behaviour.port != 0 {
		port = strconv.Itoa(behaviour.port)
	}
	if port == "" {
		return errors.New("PORT is not set, and it says where to listen")
	}
	select {
	case <-time.After(behaviour.readyAfter):
	case <-ctx.Done():
		return nil
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(behaviour.host, port))
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "application %s listens on %s\n", behaviour.version, listener.Addr())
	server := &http.Server{Handler: routes(behaviour), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: behaviour.idleTimeout}
	if behaviour.tls {
		certificate, err := selfSigned()
		if err != nil {
			return err
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	// The context of the signal is over; the shutdown gets one of its own.
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(shutdown); err != nil {
		return server.Close()
	}
	return nil
}

// selfSigned makes a certificate that no authority has signed.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, err
}
