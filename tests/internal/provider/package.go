package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Package is a provider: its configuration, resource types and functions. C is
// the client that resources and functions work with. A package must not be
// copied or changed once it serves.
type Package[C any] struct {
	// Name is the package's name, for example aws.
	Name string
	// Version is the version of the plugin that it stands in for.
	Version string
	// NewConfig makes an empty configuration.
	NewConfig func() Config[C]
	// ReplaceConfig are the settings of which another value means another place: every resource is then made
	// again.
	ReplaceConfig []string
	// Resources are the resource types: each a *Kind.
	Resources []Resource[C]
	// Functions are the functions: each a *Function.
	Functions []Invocable[C]
	// Missing says whether an API error means that the thing asked for does not
	// exist. [ErrNotFound] always does.
	Missing func(error) bool
}

// Config is a pointer to a struct with `pulumi` tags: a provider's settings. A
// setting that is no string may come as JSON in a string, as the engine hands
// on what the stack's configuration holds.
type Config[C any] interface {
	// Check refuses settings.
	Check(problems *Problems)
	// Connect makes the client, and says which tags every resource carries.
	Connect() (client C, defaultTags map[string]string, err error)
}

// Resource is a resource type of a package: a *[Kind].
type Resource[C any] interface {
	token() string
	check(resource.PropertyMap, map[string]string) []plugin.CheckFailure
	diff(scope[C], plugin.DiffRequest) (plugin.DiffResult, error)
	create(context.Context, scope[C], plugin.CreateRequest) (plugin.CreateResponse, error)
	read(context.Context, scope[C], plugin.ReadRequest) (plugin.ReadResponse, error)
	update(context.Context, scope[C], plugin.UpdateRequest) (plugin.UpdateResponse, error)
	delete(context.Context, scope[C], plugin.DeleteRequest) (plugin.DeleteResponse, error)
}

// Invocable is a function of a package: a *[Function].
type Invocable[C any] interface {
	token() string
	invoke(ctx context.Context, client C, args resource.PropertyMap) (resource.PropertyMap, error)
}

// Serve serves the package on a free port of 127.0.0.1. The caller must Close
// the server.
func (p *Package[C]) Serve() (*Server, error) {
	version, err := semver.Parse(p.Version)
	if err != nil {
		return nil, fmt.Errorf("serve %s: version %q: %w", p.Name, p.Version, err)
	}
	resources := map[string]Resource[C]{}
	for _, kind := range p.Resources {
		resources[kind.token()] = kind
	}
	functions := map[string]Invocable[C]{}
	for _, function := range p.Functions {
		functions[function.token()] = function
	}
	return Listen(func() plugin.Provider {
		return &session[C]{pkg: p, version: version, resources: resources, functions: functions}
	})
}

// configuration is what a provider is configured with, for one connection.
type configuration[C any] struct {
	client      C
	defaultTags map[string]string
}

// session is a provider as one connection sees it.
type session[C any] struct {
	plugin.UnimplementedProvider

	pkg           *Package[C]
	version       semver.Version
	resources     map[string]Resource[C]
	functions     map[string]Invocable[C]
	configuration atomic.Pointer[configuration[C]]
}

var _ plugin.GrpcProvider = (*session[struct{}])(nil)

func (s *session[C]) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true}, nil
}

// Attach is told where the engine listens. Nothing here calls the engine.
func (s *session[C]) Attach(string) error { return nil }

func (s *session[C]) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &s.version}, nil
}

func (s *session[C]) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": s.pkg.Name, "version": s.pkg.Version})
	return plugin.GetSchemaResponse{Schema: schema}, err
}

// SignalCancellation has nothing to stop: every operation is short.
func (s *session[C]) SignalCancellation(context.Context) error { return nil }

func (s *session[C]) config(inputs resource.PropertyMap) (Config[C], *decoder) {
	config := s.pkg.NewConfig()
	into := reflect.ValueOf(config).Elem()
	decoder := &decoder{}
	decoder.object("", settings(inputs, into.Type()), into)
	return config, decoder
}

// settings drops what the engine keeps for itself beside a provider's settings
// and parses those that came as JSON.
func settings(inputs resource.PropertyMap, t reflect.Type) resource.PropertyMap {
	parsed := resource.PropertyMap{}
	text := map[string]bool{}
	for _, f := range fieldsOf(t) {
		fieldType := t.FieldByIndex(f.index).Type
		if fieldType.Kind() == reflect.Pointer {
			fieldType = fieldType.Elem()
		}
		text[f.name] = fieldType.Kind() == reflect.String
	}
	for key, value := range inputs {
		if key == "version" || key == "pluginDownloadURL" {
			continue
		}
		isText, known := text[string(key)]
		if revealed := reveal(value); known && !isText && revealed.IsString() {
			var decoded any
			if json.Unmarshal([]byte(revealed.StringValue()), &decoded) == nil {
				value = resource.NewPropertyValue(decoded)
			}
		}
		parsed[key] = value
	}
	return parsed
}

func (s *session[C]) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	config, decoded := s.config(req.News)
	if len(decoded.problems) == 0 {
		config.Check(&Problems{decoder: decoded})
	}
	return plugin.CheckConfigResponse{Properties: req.News, Failures: decoded.problems}, nil
}

func (s *session[C]) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	changed := revealAll(req.OldInputs).Diff(revealAll(req.NewInputs)).ChangedKeys()
	if len(changed) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, ChangedKeys: changed}
	for _, key := range changed {
		if slices.Contains(s.pkg.ReplaceConfig, string(key)) {
			result.ReplaceKeys = append(result.ReplaceKeys, key)
		}
	}
	return result, nil
}

func (s *session[C]) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	config, decoded := s.config(req.Inputs)
	if len(decoded.problems) == 0 {
		config.Check(&Problems{decoder: decoded})
	}
	if err := decoded.err(); err != nil {
		return plugin.ConfigureResponse{}, fmt.Errorf("configure %s: %w", s.pkg.Name, err)
	}
	client, tags, err := config.Connect()
	if err != nil {
		return plugin.ConfigureResponse{}, fmt.Errorf("configure %s: %w", s.pkg.Name, err)
	}
	s.configuration.Store(&configuration[C]{client: client, defaultTags: tags})
	return plugin.ConfigureResponse{}, nil
}

// at finds what an operation on a resource needs.
func (s *session[C]) at(urn resource.URN) (Resource[C], scope[C], error) {
	kind, ok := s.resources[string(urn.Type())]
	if !ok {
		return nil, scope[C]{}, fmt.Errorf("resource %s: unknown or unsupported type %q", urn.Name(), urn.Type())
	}
	configuration := s.configuration.Load()
	if configuration == nil {
		return nil, scope[C]{}, fmt.Errorf("resource %s: provider %s is not configured", urn.Name(), s.pkg.Name)
	}
	return kind, scope[C]{configuration: configuration, pkg: s.pkg, urn: urn}, nil
}

func (s *session[C]) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	kind, scope, err := s.at(req.URN)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	return plugin.CheckResponse{Properties: req.News, Failures: kind.check(req.News, scope.defaultTags)}, nil
}

func (s *session[C]) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	kind, scope, err := s.at(req.URN)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	return kind.diff(scope, req)
}

func (s *session[C]) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	kind, scope, err := s.at(req.URN)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	return kind.create(ctx, scope, req)
}

func (s *session[C]) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	kind, scope, err := s.at(req.URN)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	return kind.read(ctx, scope, req)
}

func (s *session[C]) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	kind, scope, err := s.at(req.URN)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	return kind.update(ctx, scope, req)
}

func (s *session[C]) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	kind, scope, err := s.at(req.URN)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	return kind.delete(ctx, scope, req)
}

func (s *session[C]) Invoke(ctx context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	function, ok := s.functions[string(req.Tok)]
	if !ok {
		return plugin.InvokeResponse{}, fmt.Errorf("unknown or unsupported function %q", req.Tok)
	}
	configuration := s.configuration.Load()
	if configuration == nil {
		return plugin.InvokeResponse{}, fmt.Errorf("call %s: provider %s is not configured", req.Tok, s.pkg.Name)
	}
	properties, err := function.invoke(ctx, configuration.client, req.Args)
	if err != nil {
		return plugin.InvokeResponse{}, fmt.Errorf("call %s: %w", req.Tok, err)
	}
	return plugin.InvokeResponse{Properties: properties}, nil
}
