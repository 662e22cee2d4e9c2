package provider

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Function is one function of a package: a lookup. In and Out are structs with
// `pulumi` tags.
type Function[C, In, Out any] struct {
	// Token is the function's token, for example aws:ec2/getVpc:getVpc.
	Token string
	// Call looks up.
	Call func(ctx context.Context, client C, in *In) (*Out, error)
}

func (f *Function[C, In, Out]) token() string { return f.Token }

func (f *Function[C, In, Out]) invoke(ctx context.Context, client C, args resource.PropertyMap) (resource.PropertyMap, error) {
	in := new(In)
	if err := decode(args, in).err(); err != nil {
		return nil, err
	}
	out, err := f.Call(ctx, client, in)
	if err != nil {
		return nil, err
	}
	return encode(out, anyField), nil
}
