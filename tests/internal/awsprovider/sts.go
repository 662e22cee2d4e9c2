package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// stsFunctions are the lookups of who and where one is.
var stsFunctions = functions{
	&function[none, identity]{Token: "aws:index/getCallerIdentity:getCallerIdentity", Call: lookUpCallerIdentity},
	&function[none, region]{
		Token: "aws:index/getRegion:getRegion",
		Call: func(_ context.Context, client *api, _ *none) (*region, error) {
			endpoint := "ec2." + client.region + "." + partitionOf(client.region).DNSSuffix
			return &region{ID: client.region, Name: client.region, Endpoint: endpoint}, nil
		},
	},
	&function[none, partition]{
		Token: "aws:index/getPartition:getPartition",
		Call: func(_ context.Context, client *api, _ *none) (*partition, error) {
			found := partitionOf(client.region)
			return &found, nil
		},
	},
}

type region struct {
	ID       string `pulumi:"id"`
	Name     string `pulumi:"name"`
	Endpoint string `pulumi:"endpoint"`
}

type identity struct {
	ID      string `pulumi:"id"`
	Account string `pulumi:"accountId"`
	Arn     string `pulumi:"arn"`
	UserID  string `pulumi:"userId"`
}

func lookUpCallerIdentity(ctx context.Context, client *api, _ *none) (*identity, error) {
	found, err := client.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	result := expanded[identity](found)
	result.ID = result.Account
	return result, nil
}
