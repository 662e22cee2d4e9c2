package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mediaserver/tests/internal/sandbox"
)

// inSandbox runs in a sandbox of its own, which ends with the run.
func (c command) inSandbox(ctx context.Context, name string) int {
	fmt.Printf("The acceptance run %s in a sandbox: an emulated AWS on this machine, with stand-ins for Pulumi's plugins.\n"+
		"It takes about half a minute and costs nothing. What needs running containers is left out. The steps:\n\n%s\n",
		name, Steps())
	folder := filepath.Join(c.options.Folder, "sandbox")
	running, err := sandbox.Start(ctx, sandbox.Options{Root: c.options.Root, Dir: folder})
	if err != nil {
		return cannotBegin(err)
	}
	code, remains := c.finish(Run(ctx, InSandbox(running, name), c.options))
	if err := running.Close(); err != nil {
		fmt.Fprintf(os.Stderr, "acceptance: close the sandbox: %v\n", err)
	}
	if err := os.RemoveAll(folder); err != nil {
		fmt.Fprintf(os.Stderr, "acceptance: remove the folder of the sandbox: %v\n", err)
	}
	if remains {
		fmt.Println("The emulated account ended with the run, and with it what was left there.")
	}
	return code
}
