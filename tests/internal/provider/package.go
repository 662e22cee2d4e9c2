// Package provider is the part that every stand-in for a Pulumi provider plugin shares: a gRPC server that an engine
// attaches to through PULUMI_DEBUG_PROVIDERS, and, done once for all resource types, strict decoding of inputs, checks,
// differences, replacement, default tags, values unknown in preview and creations that stop half-way.
//
// A stand-in is a [Package]: a table of resource types, each a [Kind], and of functions, each a [Function].
package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Package is a provider: its configuration, resource types and functions. C is the client that resources and functions
// work with. A package must not be copied or changed once it serves.
type Package[C any] struct {
	// Name is the package's name, for example aws.
	Name string
	// Version is the version of the plugin that it stands in for.
	Version semver.Version
	// Connect makes the client, and says which tags every resource carries. It decodes the provider's settings into a
	// struct as [Kind] explains, and refuses them by an error.
	Connect func(decode func(into any) error) (client C, defaultTags map[string]string, err error)
	// ReplaceConfig are the settings that say where resources are: if one changes, every resource is replaced.
	ReplaceConfig []string
	// Resources are the resource types: each a *Kind.
	Resources []Resource[C]
	// Rules are what the cloud refuses of the inputs of each type but the emulator takes.
	Rules map[string]Rules
	// Functions are the functions: each a *Function.
	Functions []Invocable[C]
	// Missing says whether an API error means that the thing asked for does not exist. [ErrNotFound] always does.
	Missing func(error) bool
}

// Resource is a resource type of a package: a *[Kind].
type Resource[C any] interface {
	token() string
	check(context.Context, scope[C], plugin.CheckRequest) (plugin.CheckResponse, error)
	diff(context.Context, scope[C], plugin.DiffRequest) (plugin.DiffResult, error)
	create(context.Context, scope[C], plugin.CreateRequest) (plugin.CreateResponse, error)
	read(context.Context, scope[C], plugin.ReadRequest) (plugin.ReadResponse, error)
	update(context.Context, scope[C], plugin.UpdateRequest) (plugin.UpdateResponse, error)
	delete(context.Context, scope[C], plugin.DeleteRequest) (plugin.DeleteResponse, error)
}

// Invocable is a function of a package: a *[Function].
type Invocable[C any] interface {
	token() string
	invoke(ctx context.Context, client C, arguments resource.PropertyMap) (resource.PropertyMap, error)
}

// Function is one function of a package: a lookup. In and Out are structs with tags as [Kind] explains them.
type Function[C, In, Out any] struct {
	// Token is the function's token, for example aws:ec2/getVpc:getVpc.
	Token string
	// Call looks up.
	Call func(ctx context.Context, client C, in *In) (*Out, error)
}

func (f *Function[C, In, Out]) token() string { return f.Token }

func (f *Function[C, In, Out]) invoke(ctx context.Context, client C, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	in := new(In)
	if err := decode(plainObject(arguments), nil, in).err(); err != nil {
		return nil, err
	}
	out, err := f.Call(ctx, client, in)
	if err != nil {
		return nil, err
	}
	return resource.NewPropertyMapFromMap(encode(out, func(field) bool { return true })), nil
}

// Serve serves the package on a free port of 127.0.0.1. The caller must Close the server.
func (p *Package[C]) Serve() (*Server, error) { return listen(p.Provider) }

// Provider is the package as one connection of an engine sees it.
func (p *Package[C]) Provider() plugin.Provider { return &session[C]{pkg: p} }

// session is a provider as one connection sees it. It is configured before anything else is asked of it.
type session[C any] struct {
	plugin.UnimplementedProvider

	pkg         *Package[C]
	client      C
	defaultTags map[string]string
}

// Handshake accepts no secrets: the engine marks what it gets back where what it has sent was secret.
func (s *session[C]) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{}, nil
}

// Attach is told where the engine listens. Nothing here calls the engine.
func (s *session[C]) Attach(string) error { return nil }

func (s *session[C]) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &s.pkg.Version}, nil
}

func (s *session[C]) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": s.pkg.Name, "version": s.pkg.Version.String()})
	return plugin.GetSchemaResponse{Schema: schema}, err
}

func (s *session[C]) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return difference(changedKeys(plainObject(req.OldInputs), plainObject(req.NewInputs)), s.pkg.ReplaceConfig), nil
}

// Configure accepts settings as the engine hands them on: what is no text may come as JSON in a text, beside what the
// engine keeps for itself.
func (s *session[C]) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	settings := plainObject(req.Inputs)
	delete(settings, "version")
	delete(settings, "pluginDownloadURL")
	for key, value := range settings {
		var parsed any
		if text, isText := value.(string); isText && json.Unmarshal([]byte(text), &parsed) == nil {
			settings[key] = parsed
		}
	}
	var err error
	s.client, s.defaultTags, err = s.pkg.Connect(func(into any) error { return decode(settings, nil, into).err() })
	if err != nil {
		err = fmt.Errorf("configure %s: %w", s.pkg.Name, err)
	}
	return plugin.ConfigureResponse{}, err
}

// carryOut has the type of a resource carry out an operation.
func carryOut[C, Request, Response any](
	ctx context.Context, s *session[C], urn resource.URN, request Request,
	operation func(Resource[C], context.Context, scope[C], Request) (Response, error),
) (Response, error) {
	at := slices.IndexFunc(s.pkg.Resources, func(kind Resource[C]) bool { return kind.token() == string(urn.Type()) })
	if at < 0 {
		var none Response
		return none, fmt.Errorf("resource %s: unknown or unsupported type %q", urn.Name(), urn.Type())
	}
	return operation(s.pkg.Resources[at], ctx, scope[C]{session: s, urn: urn}, request)
}

func (s *session[C]) Check(ctx context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	return carryOut(ctx, s, req.URN, req, Resource[C].check)
}

func (s *session[C]) Diff(ctx context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	return carryOut(ctx, s, req.URN, req, Resource[C].diff)
}

func (s *session[C]) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	return carryOut(ctx, s, req.URN, req, Resource[C].create)
}

func (s *session[C]) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	return carryOut(ctx, s, req.URN, req, Resource[C].read)
}

func (s *session[C]) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	return carryOut(ctx, s, req.URN, req, Resource[C].update)
}

func (s *session[C]) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return carryOut(ctx, s, req.URN, req, Resource[C].delete)
}

func (s *session[C]) Invoke(ctx context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	at := slices.IndexFunc(s.pkg.Functions, func(function Invocable[C]) bool { return function.token() == string(req.Tok) })
	if at < 0 {
		return plugin.InvokeResponse{}, fmt.Errorf("unknown or unsupported function %q", req.Tok)
	}
	properties, err := s.pkg.Functions[at].invoke(ctx, s.client, req.Args)
	if err != nil {
		return plugin.InvokeResponse{}, fmt.Errorf("call %s: %w", req.Tok, err)
	}
	return plugin.InvokeResponse{Properties: properties}, nil
}
