# Made from the templates of CloudFormation by `make templates`.

variable "Prefix" {
  description = "What the names of resources begin with; a second deployment in the account needs another one."
  type        = string
  default     = "lamplighter"

  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{1,23})$", var.Prefix))
    error_message = "Prefix: 2 to 24 small letters, digits and hyphens, a letter first."
  }
}

variable "Version" {
  description = "Version of Lamplighter that is deployed, for people."
  type        = string
  default     = "unknown"
}

variable "BuiltAt" {
  description = "When what is deployed was packaged, for people."
  type        = string
  default     = "unknown"
}

variable "ExistingKeyArn" {
  description = "ARN of a symmetric KMS key in this region that encrypts everything; empty to make one. Its policy must let in what docs/deployment.md lists."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[\\w-]+)$", var.ExistingKeyArn))
    error_message = "ExistingKeyArn: must look like |arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[\\w-]+."
  }
}

variable "RecoveryDays" {
  description = "How many days tables can be brought back to any second of."
  type        = number
  default     = 35
}

variable "NoncurrentDays" {
  description = "After so many days a file that was replaced or removed is gone for good."
  type        = number
  default     = 30
}

variable "AnswerDays" {
  description = "After so many days what Athena answered is removed."
  type        = number
  default     = 30
}

variable "QuarantineDays" {
  description = "After so many days rows of bills that could not be read are removed; lake/quarantine/ in the bucket of the lake."
  type        = number
  default     = 90
}

variable "FirstMonth" {
  description = "Month of the oldest bill, YYYY-MM; Athena looks for no month before it."
  type        = string
  default     = "2020-01"

  validation {
    condition     = can(regex("^(20[0-9]{2}-(0[1-9]|1[0-2]))$", var.FirstMonth))
    error_message = "FirstMonth: must look like 20[0-9]{2}-(0[1-9]|1[0-2])."
  }
}

variable "MostBytesOfQuestion" {
  description = "A question that would read more bytes is broken off; Athena charges by bytes read."
  type        = number
  default     = 1099511627776
}

variable "CoreCodeKey" {
  description = "S3 key of the zip with the functions that schedule."
  type        = string
  default     = ""
}

variable "Runtime" {
  description = "The Python that the zips were made for."
  type        = string
  default     = "python3.12"

  validation {
    condition     = contains(["python3.12", "python3.13"], var.Runtime)
    error_message = "Runtime: one of python3.12, python3.13."
  }
}

variable "Architecture" {
  description = "The processors that the zips were made for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.Architecture)
    error_message = "Architecture: one of x86_64, arm64."
  }
}

variable "SchedulingActive" {
  description = "no stops the clock and the rules; usage is still counted, bills are still loaded."
  type        = string
  default     = "yes"

  validation {
    condition     = contains(["yes", "no"], var.SchedulingActive)
    error_message = "SchedulingActive: one of yes, no."
  }
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

variable "Timezone" {
  description = "IANA time zone of schedules that name none, for example Europe/Berlin, and of the schedules below."
  type        = string
  default     = "UTC"

  validation {
    condition     = can(regex("^([A-Za-z0-9_+/-]+)$", var.Timezone))
    error_message = "Timezone: must look like [A-Za-z0-9_+/-]+."
  }
}

variable "Regions" {
  description = "Regions to work in, separated by commas; all for every region that an account has enabled; empty for the hub's own."
  type        = list(string)
  default     = []
}

variable "Frequency" {
  description = "Minutes between passes of targets in which something waits; others are passed at their transitions."
  type        = number
  default     = 5

  validation {
    condition     = contains([1, 2, 5, 10, 15, 30, 60], var.Frequency)
    error_message = "Frequency: one of 1, 2, 5, 10, 15, 30, 60."
  }
}

variable "ReconcileHours" {
  description = "Hours between passes of every target, which repair what events missed."
  type        = number
  default     = 4
}

variable "OrganizationId" {
  description = "Id of the AWS Organization whose accounts may send events and are worked on, o-...; empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|o-[a-z0-9]{10,32})$", var.OrganizationId))
    error_message = "OrganizationId: must look like |o-[a-z0-9]{10,32}."
  }
}

variable "Accounts" {
  description = "Ids of the accounts to work on, separated by commas; empty for all of the Organization, or those that the definitions name."
  type        = list(string)
  default     = []
}

variable "MemberRole" {
  description = "Name of the role that the stack member makes in each account."
  type        = string
  default     = "lamplighter-member"

  validation {
    condition     = can(regex("^([\\w+=,.@-]{1,40})$", var.MemberRole))
    error_message = "MemberRole: must look like [\\w+=,.@-]{1,40}."
  }
}

variable "ExternalId" {
  description = "What the hub says when it assumes that role, where its trust policy asks for it; empty for nothing."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([\\w+=,.@:/-]{0,256})$", var.ExternalId))
    error_message = "ExternalId: must look like [\\w+=,.@:/-]{0,256}."
  }
}

variable "ClockSchedule" {
  description = "When clock is called, in the time zone above. Asks the timelines which targets are due, sends a message for each, and sleeps until the next transition."
  type        = string
  default     = "rate(1 hour)"

  validation {
    condition     = can(regex("^((rate|cron)\\(.+\\))$", var.ClockSchedule))
    error_message = "ClockSchedule: rate(4 hours), or cron(minute hour day month weekday year)."
  }
}

variable "NotificationEmail" {
  description = "Mail address for alarms, and for errors while the definitions have no section notify; AWS asks it first. Empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|[^@\\s]+@[^@\\s]+)$", var.NotificationEmail))
    error_message = "NotificationEmail: must look like |[^@\\s]+@[^@\\s]+."
  }
}

variable "LogRetentionDays" {
  description = "How many days the logs of functions are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.LogRetentionDays)
    error_message = "LogRetentionDays: one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "LogLevel" {
  description = "DEBUG logs every step; less than INFO there is not, for metrics are made of those lines."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO"], var.LogLevel)
    error_message = "LogLevel: one of DEBUG, INFO."
  }
}

variable "SubnetIds" {
  description = "Ids of the subnets that functions run in; they need ways to AWS's APIs (NAT or endpoints). Empty for no VPC."
  type        = list(string)
  default     = []
}

variable "SecurityGroupIds" {
  description = "Ids of the security groups of functions in a VPC."
  type        = list(string)
  default     = []
}

variable "PermissionsBoundary" {
  description = "ARN of a policy that bounds every role of this stack; empty for none."
  type        = string
  default     = ""
}

variable "DataCodeKey" {
  description = "S3 key of the zip with the functions that count usage, load bills and write reports."
  type        = string
  default     = ""
}

variable "CollectSchedule" {
  description = "When collect is called, in the time zone above. Counts what is in use in every target, each hour."
  type        = string
  default     = "cron(5 * * * ? *)"

  validation {
    condition     = can(regex("^((rate|cron)\\(.+\\))$", var.CollectSchedule))
    error_message = "CollectSchedule: rate(4 hours), or cron(minute hour day month weekday year)."
  }
}

variable "ReportSchedule" {
  description = "When report is called, in the time zone above. Writes the workbook of a month into the bucket of the lake."
  type        = string
  default     = "cron(30 6 * * ? *)"

  validation {
    condition     = can(regex("^((rate|cron)\\(.+\\))$", var.ReportSchedule))
    error_message = "ReportSchedule: rate(4 hours), or cron(minute hour day month weekday year)."
  }
}

variable "BillBucket" {
  description = "Name of a bucket in this region that bills are delivered to, with EventBridge notifications on; empty for none. A bucket with a key of its own must let the function ingest use it."
  type        = string
  default     = ""
}

variable "Watch" {
  description = "no leaves out the stack watch, that is dashboard, alarms and saved queries."
  type        = string
  default     = "yes"

  validation {
    condition     = contains(["yes", "no"], var.Watch)
    error_message = "Watch: one of yes, no."
  }
}
