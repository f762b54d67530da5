# Made from the templates of CloudFormation by `make templates`.

variable "OrganizationalUnitIds" {
  description = "Ids of organizational units, ou-..., or of the root, r-...; accounts below them get the stack."
  type        = list(string)
}

variable "MemberRegions" {
  description = "Regions to work in, separated by commas; that of the role must be among them."
  type        = list(string)
}

variable "DelegatedAdministrator" {
  description = "yes when this account administers StackSets by delegation, no when it is the management account."
  type        = string
  default     = "no"

  validation {
    condition     = contains(["yes", "no"], var.DelegatedAdministrator)
    error_message = "DelegatedAdministrator: one of yes, no."
  }
}

variable "HubAccount" {
  description = "Output of the stack hub, the id of its account."
  type        = string

  validation {
    condition     = can(regex("^([0-9]{12})$", var.HubAccount))
    error_message = "HubAccount: must look like [0-9]{12}."
  }
}

variable "HubPrefix" {
  description = "Output of the stack hub, what the names of its roles begin with."
  type        = string
  default     = "lamplighter"

  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{1,23})$", var.HubPrefix))
    error_message = "HubPrefix: must look like [a-z][a-z0-9-]{1,23}."
  }
}

variable "BusArn" {
  description = "Output of the stack hub, the bus that events are forwarded to."
  type        = string

  validation {
    condition     = can(regex("^(arn:[^:]+:events:[^:]+:[0-9]{12}:event-bus/.+)$", var.BusArn))
    error_message = "BusArn: must look like arn:[^:]+:events:[^:]+:[0-9]{12}:event-bus/.+."
  }
}

variable "OrganizationId" {
  description = "Id of the AWS Organization that the hub must be in, o-...; empty not to ask for one."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|o-[a-z0-9]{10,32})$", var.OrganizationId))
    error_message = "OrganizationId: must look like |o-[a-z0-9]{10,32}."
  }
}

variable "ExternalId" {
  description = "What the hub must say to assume the role, for accounts that are somebody else's; empty for nothing."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([\\w+=,.@:/-]{0,256})$", var.ExternalId))
    error_message = "ExternalId: must look like [\\w+=,.@:/-]{0,256}."
  }
}

variable "MemberRole" {
  description = "Name of the role that the hub enters; the same in all accounts."
  type        = string
  default     = "lamplighter-member"

  validation {
    condition     = can(regex("^([\\w+=,.@-]{1,40})$", var.MemberRole))
    error_message = "MemberRole: must look like [\\w+=,.@-]{1,40}."
  }
}

variable "RoleRegion" {
  description = "The one region whose stack makes the role, which holds for all; empty for the region of the hub."
  type        = string
  default     = ""
}

variable "PermissionsBoundary" {
  description = "ARN of a policy that bounds every role of this stack; empty for none."
  type        = string
  default     = ""
}

variable "TagName" {
  description = "Key of the tag that names the schedule of a resource; the same in hub and members."
  type        = string
  default     = "Schedule"

  validation {
    condition     = can(regex("^([\\w.:/=+@-]{1,127})$", var.TagName))
    error_message = "TagName: up to 127 letters, digits and the signs .:/=+@-_."
  }
}

variable "OnlyTaggedResources" {
  description = "yes lets the role start, stop and tag only what has the schedule tag; no also what is named to it by hand."
  type        = string
  default     = "yes"

  validation {
    condition     = contains(["yes", "no"], var.OnlyTaggedResources)
    error_message = "OnlyTaggedResources: one of yes, no."
  }
}

variable "Snapshots" {
  description = "yes lets schedules take a snapshot before a database stops, and remove the one before it."
  type        = string
  default     = "yes"

  validation {
    condition     = contains(["yes", "no"], var.Snapshots)
    error_message = "Snapshots: one of yes, no."
  }
}

variable "VolumeKeyArns" {
  description = "ARNs of the KMS keys of your own that volumes of EC2 instances are encrypted with; such instances do not start without it."
  type        = list(string)
  default     = []
}

variable "MostAccountsAtOnce" {
  description = "Percent of the accounts of a region that are deployed at a time."
  type        = number
  default     = 25
}

variable "FailuresTolerated" {
  description = "Percent of the accounts of a region that may fail before the rest is left as it was."
  type        = number
  default     = 10
}
