package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// stsFunctions are the lookups of who and where one is.
var stsFunctions = functions{
	&function[none, identity]{
		Token: "aws:index/getCallerIdentity:getCallerIdentity",
		Call: func(ctx context.Context, client *api, _ *none) (*identity, error) {
			found, err := client.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			if err != nil {
				return nil, err
			}
			return expanded[identity](found), nil
		},
	},
	&function[none, region]{
		Token: "aws:index/getRegion:getRegion",
		Call: func(_ context.Context, client *api, _ *none) (*region, error) {
			return &region{ID: client.region, Name: client.region}, nil
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
	ID   string `json:"id"`
	Name string `json:"name"`
}

type identity struct {
	Account string `json:"accountId"`
	Arn     string `json:"arn"`
	UserID  string `json:"userId"`
}
