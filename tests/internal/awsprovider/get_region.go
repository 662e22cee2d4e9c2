package awsprovider

import (
	"context"
)

type regionResult struct {
	ID       string `pulumi:"id"`
	Name     string `pulumi:"name"`
	Endpoint string `pulumi:"endpoint"`
}

var getRegion = &function[none, regionResult]{
	Token: "aws:index/getRegion:getRegion",
	Call:  lookUpRegion,
}

func lookUpRegion(_ context.Context, client *api, _ *none) (*regionResult, error) {
	return &regionResult{
		ID:       client.region,
		Name:     client.region,
		Endpoint: "ec2." + client.region + "." + partitionOf(client.region).DNSSuffix,
	}, nil
}
