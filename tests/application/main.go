// Command application is the smallest application that fits the stack: a web server in one static program, which
// answers on the health path and tells what of the stack reaches it. The acceptance run deploys it, and try-image is
// tested with it. Called by the name curl or wget it is that of the container's own health check, so that an image needs
// nothing else.
//
// Flags make variants of it, one to be told apart from another and some that fit badly. An image gives them as its
// command, so that all variants share one program.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	// An image without a base brings no certificates of authorities, and AWS is asked by HTTPS.
	_ "golang.org/x/crypto/x509roots/fallback"
)

func main() {
	if program := filepath.Base(os.Args[0]); healthCheck[program] != "" {
		os.Exit(check(program, os.Args[1:], os.Stderr))
	}
	os.Exit(run(os.Args[1:], os.Stdout))
}

// run is the application from start to end, and returns its exit code.
func run(arguments []string, log io.Writer) int {
	flags := flag.NewFlagSet("application", flag.ContinueOnError)
	flags.SetOutput(log)
	version := flags.String("version", "unversioned", "`text` that tells this image from another")
	host := flags.String("host", "", "`address` to listen on (default all)")
	port := flags.String("port", os.Getenv("PORT"), "`port` to listen on (default the one in PORT)")
	idleTimeout := flags.Duration("idle-timeout", 0, "`time` after which an idle connection is closed (default never)")
	allocate := flags.Int("allocate", 0, "`MiB` of memory to take at the start")
	exitMessage := flags.String("exit-message", "", "`text` with which to end at the start")
	exitCode := flags.Int("exit-code", 1, "exit `code` for exit-message")
	err := flags.Parse(arguments)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(log, "application: %v\n", err)
		return 2
	}
	fmt.Fprintf(log, "application %s starts\n", *version)
	if *exitMessage != "" {
		fmt.Fprintln(log, *exitMessage)
		return *exitCode
	}
	taken := take(*allocate)
	server := &http.Server{Handler: routes(*version), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: *idleTimeout}
	err = serve(net.JoinHostPort(*host, *port), server, log)
	fmt.Fprintf(log, "application: with %d MiB taken: %v\n", len(taken), err)
	return 1
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

// serve answers requests until that fails.
func serve(address string, server *http.Server, log io.Writer) error {
	if _, port, _ := net.SplitHostPort(address); port == "" {
		return errors.New("PORT is not set, and it says where to listen")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "application: it listens on %s\n", listener.Addr())
	return server.Serve(listener)
}
