package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

// cloud is an account of a cloud that has nothing but buckets.
type cloud struct {
	mu      sync.Mutex
	made    int
	buckets map[string]*bucket
	calls   []string
	// fault decides how a call goes wrong instead of being carried out. Nil: none
	// does.
	fault func(call string) error
}

type bucket struct {
	name string
	size int32
	key  string
	tags map[string]string
	// cleared says that somebody removed the rules.
	cleared bool
}

var errExists = errors.New("BucketExists: it exists already")

func newCloud() *cloud { return &cloud{buckets: map[string]*bucket{}} }

// call carries out a call, unless it goes wrong.
func (c *cloud) call(ctx context.Context, name string, carryOut func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	c.calls = append(c.calls, name)
	fault := c.fault
	c.mu.Unlock()
	if fault != nil {
		if err := fault(name); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return carryOut()
}

func (c *cloud) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, bucket := range c.buckets {
		names = append(names, bucket.name)
	}
	slices.Sort(names)
	return names
}

func (c *cloud) count(call string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := 0
	for _, made := range c.calls {
		if made == call {
			count++
		}
	}
	return count
}

type bucketProperties struct {
	Name    string            `pulumi:"name"`
	Size    *int32            `pulumi:"size,optional"`
	Key     *string           `pulumi:"key,optional"`
	Rules   []bucketRule      `pulumi:"rules,optional"`
	Tags    map[string]string `pulumi:"tags,optional"`
	Arn     string            `pulumi:"arn,output"`
	Version int32             `pulumi:"version,volatile"`
	Token   string            `pulumi:"token,output"`
}

type bucketRule struct {
	Prefix string `pulumi:"prefix"`
	Days   *int32 `pulumi:"days,optional"`
}

const bucketToken = "cloud:index/bucket:Bucket"

func bucketKind() *Kind[*cloud, bucketProperties] {
	return &Kind[*cloud, bucketProperties]{
		Token:   bucketToken,
		Name:    "name",
		Replace: []string{"name", "key"},
		Secret:  []string{"token"},
		Rules: []Rule{
			{Property: "size", Must: Between(0, 100), Source: "the manual"},
			{Property: "name", Must: Length(2, 10), Source: "the manual"},
			{Property: "key", Must: Matching("^.{3}", "have at least 3 characters"), Source: "the manual"},
			{Property: "rules[].days", Must: MultipleOf(7, 1), Source: "the manual"},
			{Property: "rules[].prefix", Must: Unlike("^/", "not begin with a slash"), Source: "the manual"},
			{Property: "tags.kind", Must: OneOf("big", "small"), Source: "the manual"},
		},
		Check: func(b *bucketProperties, problems *Problems) {
			if len(b.Rules) > 0 && b.Key == nil && problems.Known("key") {
				problems.Refuse("rules", len(b.Rules), "must not be stated without a key")
			}
		},
		CheckChange: func(old, b *bucketProperties) error {
			if old.Size != nil && b.Size != nil && *b.Size < *old.Size {
				return fmt.Errorf("size cannot go from %d to %d", *old.Size, *b.Size)
			}
			return nil
		},
		Create: func(ctx context.Context, c *cloud, b *bucketProperties) (id string, err error) {
			err = c.call(ctx, "create", func() error {
				for _, bucket := range c.buckets {
					if bucket.name == b.Name {
						return errExists
					}
				}
				c.made++
				id = fmt.Sprintf("b-%d", c.made)
				c.buckets[id] = &bucket{name: b.Name, key: deref(b.Key), tags: maps.Clone(b.Tags)}
				return nil
			})
			return id, err
		},
		Complete: func(ctx context.Context, c *cloud, id string, b *bucketProperties) error {
			if b.Size == nil {
				return nil
			}
			return c.call(ctx, "resize", func() error {
				c.buckets[id].size = *b.Size
				return nil
			})
		},
		Read: func(ctx context.Context, c *cloud, id string, b *bucketProperties) error {
			return c.call(ctx, "read", func() error {
				bucket, ok := c.buckets[id]
				if !ok {
					return ErrNotFound
				}
				b.Name, b.Tags, b.Size, b.Key = bucket.name, maps.Clone(bucket.tags), new(bucket.size), new(bucket.key)
				if bucket.cleared {
					b.Rules = nil
				}
				b.Arn, b.Token = "arn:"+id, "token of "+id
				return nil
			})
		},
		Update: func(ctx context.Context, c *cloud, _ string, _, b *bucketProperties) error {
			return c.call(ctx, "update", func() error {
				b.Version++
				return nil
			})
		},
		Delete: func(ctx context.Context, c *cloud, id string, _ *bucketProperties) error {
			return c.call(ctx, "delete", func() error {
				if _, ok := c.buckets[id]; !ok {
					return ErrNotFound
				}
				delete(c.buckets, id)
				return nil
			})
		},
		TagBy: "arn",
		SetTags: func(ctx context.Context, c *cloud, arn string, tags map[string]string) error {
			return c.call(ctx, "set tags", func() error {
				maps.Copy(c.buckets[strings.TrimPrefix(arn, "arn:")].tags, tags)
				return nil
			})
		},
		RemoveTags: func(ctx context.Context, c *cloud, arn string, keys []string) error {
			return c.call(ctx, "remove tags", func() error {
				for _, key := range keys {
					delete(c.buckets[strings.TrimPrefix(arn, "arn:")].tags, key)
				}
				return nil
			})
		},
	}
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

type cloudConfig struct {
	Region *string     `pulumi:"region,optional"`
	Tags   *configTags `pulumi:"defaultTags,optional"`
	cloud  *cloud
}

type configTags struct {
	Tags map[string]string `pulumi:"tags"`
}

func (c *cloudConfig) Check(problems *Problems) {
	if c.Region != nil && *c.Region == "nowhere" {
		problems.Refuse("region", *c.Region, "must exist")
	}
}

func (c *cloudConfig) Connect() (*cloud, map[string]string, error) {
	if c.Tags == nil {
		return c.cloud, nil, nil
	}
	return c.cloud, c.Tags.Tags, nil
}

type echoArguments struct {
	Text string `pulumi:"text"`
}

type echoResult struct {
	Text string `pulumi:"text"`
}

// serve serves a package with the bucket and one function in front of a cloud.
func serve(t *testing.T, c *cloud) *Server {
	t.Helper()
	served := &Package[*cloud]{
		Name:      "cloud",
		Version:   "1.2.3",
		NewConfig: func() Config[*cloud] { return &cloudConfig{cloud: c} },
		Resources: []Resource[*cloud]{bucketKind()},
		Functions: []Invocable[*cloud]{&Function[*cloud, echoArguments, echoResult]{
			Token: "cloud:index/echo:echo",
			Call: func(_ context.Context, _ *cloud, in *echoArguments) (*echoResult, error) {
				return &echoResult{Text: in.Text}, nil
			},
		}},
	}
	server, err := served.Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// engine speaks to a server as the Pulumi engine does.
type engine struct {
	t      *testing.T
	client pulumirpc.ResourceProviderClient
	hangUp func()
}

// connect opens a connection without configuring the provider.
func connect(t *testing.T, server *Server) *engine {
	t.Helper()
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", server.Port()),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	e := &engine{t: t, client: pulumirpc.NewResourceProviderClient(connection), hangUp: func() { _ = connection.Close() }}
	if _, err := e.client.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{}); err != nil {
		t.Fatal(err)
	}
	return e
}

// attach opens a connection and configures the provider.
func attach(t *testing.T, server *Server, config resource.PropertyMap) *engine {
	t.Helper()
	e := connect(t, server)
	if err := e.configure(config); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *engine) configure(config resource.PropertyMap) error {
	_, err := e.client.Configure(e.t.Context(), &pulumirpc.ConfigureRequest{
		Args: e.marshal(config), AcceptSecrets: true, AcceptResources: true,
	})
	return err
}

func (e *engine) marshal(properties resource.PropertyMap) *structpb.Struct {
	e.t.Helper()
	marshalled, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true,
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return marshalled
}

func (e *engine) unmarshal(properties *structpb.Struct) resource.PropertyMap {
	e.t.Helper()
	unmarshalled, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true,
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return unmarshalled
}

const bucketURN = "urn:pulumi:dev::project::" + bucketToken + "::media"

func (e *engine) check(inputs resource.PropertyMap) map[string]string {
	e.t.Helper()
	response, err := e.client.Check(e.t.Context(), &pulumirpc.CheckRequest{Urn: bucketURN, News: e.marshal(inputs)})
	if err != nil {
		e.t.Fatal(err)
	}
	failures := map[string]string{}
	for _, failure := range response.Failures {
		failures[failure.Property] = failure.Reason
	}
	return failures
}

func (e *engine) diff(id string, old, state, inputs resource.PropertyMap) *pulumirpc.DiffResponse {
	e.t.Helper()
	response, err := e.client.Diff(e.t.Context(), &pulumirpc.DiffRequest{
		Urn: bucketURN, Id: id, OldInputs: e.marshal(old), Olds: e.marshal(state), News: e.marshal(inputs),
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return response
}

func (e *engine) create(ctx context.Context, inputs resource.PropertyMap, preview bool) (string, resource.PropertyMap, error) {
	e.t.Helper()
	response, err := e.client.Create(ctx, &pulumirpc.CreateRequest{
		Urn: bucketURN, Properties: e.marshal(inputs), Preview: preview,
	})
	if err != nil {
		return "", nil, err
	}
	return response.Id, e.unmarshal(response.Properties), nil
}

// mustCreate creates a bucket that has to come to be.
func (e *engine) mustCreate(inputs resource.PropertyMap) (string, resource.PropertyMap) {
	e.t.Helper()
	id, state, err := e.create(e.t.Context(), inputs, false)
	if err != nil {
		e.t.Fatal(err)
	}
	return id, state
}

func (e *engine) update(id string, old, state, inputs resource.PropertyMap, preview bool) resource.PropertyMap {
	e.t.Helper()
	response, err := e.client.Update(e.t.Context(), &pulumirpc.UpdateRequest{
		Urn: bucketURN, Id: id, OldInputs: e.marshal(old), Olds: e.marshal(state), News: e.marshal(inputs), Preview: preview,
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return e.unmarshal(response.Properties)
}

func (e *engine) read(id string, inputs, state resource.PropertyMap) (string, resource.PropertyMap, resource.PropertyMap) {
	e.t.Helper()
	response, err := e.client.Read(e.t.Context(), &pulumirpc.ReadRequest{
		Urn: bucketURN, Id: id, Inputs: e.marshal(inputs), Properties: e.marshal(state),
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return response.Id, e.unmarshal(response.Inputs), e.unmarshal(response.Properties)
}

// properties makes properties of plain values.
func properties(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

func unknown() resource.PropertyValue { return resource.MakeComputed(resource.NewProperty("")) }
