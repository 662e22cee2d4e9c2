// Command deploy-app puts an image of the application into the stack's registry, deploys it, and goes back from it.
// scripts/deploy-app builds and runs it.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/term"

	"mediaserver/tools/deploy"
)

func main() {
	ctx := context.Background()
	for _, each := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		// As under nohup: what the run was started to ignore stays ignored.
		if !signal.Ignored(each) {
			caught, stop := signal.NotifyContext(ctx, each)
			defer stop()
			ctx = caught
		}
	}
	program := "."
	if itself, err := os.Executable(); err == nil {
		// It is built into bin/, in the folder of the program.
		program = filepath.Dir(filepath.Dir(itself))
	}
	code := deploy.Run(ctx, os.Args[1:], deploy.Surroundings{
		Stdout: os.Stdout, Stderr: os.Stderr, Terminal: term.IsTerminal(int(os.Stdout.Fd())), Program: program,
	})
	os.Exit(code)
}
