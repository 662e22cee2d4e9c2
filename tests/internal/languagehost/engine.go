package languagehost

import (
	"context"
	"fmt"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// engine is the connection back to the engine that runs the program. What the program and the compiler
// print goes to the user through it, because an attached host has no output that the engine captures.
type engine struct {
	connection *grpc.ClientConn
	client     pulumirpc.EngineClient
}

func dialEngine(address string) (*engine, error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("connect to the engine at %s: %w", address, err)
	}
	return &engine{connection: connection, client: pulumirpc.NewEngineClient(connection)}, nil
}

func (e *engine) close() { _ = e.connection.Close() }

// log shows text to the user. An engine that does not listen any more has no user to show it to, so the
// error of the call is dropped.
func (e *engine) log(ctx context.Context, severity pulumirpc.LogSeverity, stream int32, text string) {
	_, _ = e.client.Log(ctx, &pulumirpc.LogRequest{
		Severity: severity,
		Message:  strings.ToValidUTF8(text, "\uFFFD"),
		StreamId: stream,
	})
}

// output is a writer that shows what is written to it as one stream of messages.
type output struct {
	ctx    context.Context
	engine *engine
	stream int32
}

func (o output) Write(text []byte) (int, error) {
	o.engine.log(o.ctx, pulumirpc.LogSeverity_INFO, o.stream, string(text))
	return len(text), nil
}
