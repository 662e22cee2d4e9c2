package main

import "testing"

func TestTheRegistryScansImagesAndLetsTagsMove(t *testing.T) {
	run(t, nil).wantInputs(t, "Repository mediaserver", object{
		"name":                       "mediaserver",
		"imageTagMutability":         "MUTABLE",
		"imageScanningConfiguration": object{"scanOnPush": true},
		"forceDelete":                true,
	})
}

func TestTheRegistryGrantsPullToTheExecutionRoleOnly(t *testing.T) {
	run(t, nil).wantInputs(t, "RepositoryPolicy mediaserver", object{
		"repository": "mediaserver",
		"policy": jsonText{object{
			"Version": "2012-10-17",
			"Statement": list{object{
				"Sid":       "PullByExecutionRole",
				"Effect":    "Allow",
				"Principal": object{"AWS": "arn:aws:iam::123456789012:role/mediaserver-ecs-task-execution-role"},
				"Action":    list{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"},
			}},
		}},
	})
}

func TestTheRegistryKeepsTenTaggedAndFiveUntaggedImages(t *testing.T) {
	expire := object{"type": "expire"}
	run(t, nil).wantInputs(t, "LifecyclePolicy mediaserver", object{
		"repository": "mediaserver",
		"policy": jsonText{object{"rules": list{
			object{
				"rulePriority": 1, "description": "Keep the last 10 tagged images", "action": expire,
				"selection": object{
					"tagStatus": "tagged", "tagPatternList": list{"*"},
					"countType": "imageCountMoreThan", "countNumber": 10,
				},
			},
			object{
				"rulePriority": 2, "description": "Keep the last 5 untagged images", "action": expire,
				"selection": object{"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5},
			},
		}}},
	})
}
