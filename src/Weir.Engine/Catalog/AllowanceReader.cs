using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>The section <c>allowances</c> of a plan or of the workspace.</summary>
internal static class AllowanceReader
{
    private static readonly string[] s_ofPlan = ["limit", "per", "scope", "enforcement", "ceiling", "overage", "rollover"];

    // The workspace's limits have their one scope, and grants, which rollover makes, belong to accounts.
    private static readonly string[] s_ofWorkspace = ["limit", "per", "enforcement", "ceiling", "overage"];

    public static ImmutableArray<Allowance> Read(MemberSet owner, CatalogDraft draft, bool ofWorkspace)
    {
        if (!owner.TryGet("allowances", out DocumentCursor section))
        {
            return [];
        }

        ImmutableArray<Allowance>.Builder allowances = ImmutableArray.CreateBuilder<Allowance>();
        foreach (DocumentMember member in section.Entries("allowances", "a meter", CatalogBounds.MostMeters))
        {
            if (draft.MeterNamed(section, member) is not { } meter)
            {
                continue;
            }

            DocumentCursor cursor = section.Into(member);
            IEnumerable<DocumentCursor> written = cursor.Node is DocumentSequence
                ? cursor.Items("the allowances of a meter", CatalogBounds.MostAllowancesOfAMeter)
                : [cursor];
            HashSet<(ScopeKind, Per)> seen = [];
            foreach (DocumentCursor one in written)
            {
                if (Read(one, meter, draft, ofWorkspace) is not { } allowance)
                {
                    continue;
                }

                if (seen.Add((allowance.Scope, allowance.Per)))
                {
                    allowances.Add(allowance);
                }
                else
                {
                    one.Fail(
                        $"The meter '{meter.Key}' has another allowance with scope '{allowance.Scope.Name()}' per '{allowance.Per.Name()}'; scope and per together must be unique.");
                }
            }
        }

        return allowances.ToImmutable();
    }

    private static Allowance? Read(DocumentCursor cursor, Meter meter, CatalogDraft draft, bool ofWorkspace)
    {
        if (cursor.Members(ofWorkspace ? "an allowance of the workspace" : "an allowance", ofWorkspace ? s_ofWorkspace : s_ofPlan) is not { } members)
        {
            return null;
        }

        Quantity? limit = null;
        if (members.TryGetOrNull("limit", out DocumentCursor limitCursor))
        {
            limit = LimitReader.Read(limitCursor, meter, draft, "a limit");
        }
        else
        {
            members.TryRequire("limit", "a number of 0 or more, or null for unlimited", out _);
        }

        ScopeKind scope = ofWorkspace ? ScopeKind.Workspace : ScopeNames.Read(members);
        Per? per = ReadPer(members, meter, draft);
        LimitEnforcement enforcement = LimitEnforcement.Hard;
        bool enforcementIsKnown = !members.TryGet("enforcement", out DocumentCursor enforcementCursor)
            || enforcementCursor.TryChoice("enforcement", out enforcement, ("hard", LimitEnforcement.Hard), ("soft", LimitEnforcement.Soft));
        Quantity? ceiling = null;
        UnitPrice? overage = null;
        if (enforcement == LimitEnforcement.Hard)
        {
            // A wrong word for enforcement is its own error; what follows from it is not one.
            if (enforcementIsKnown)
            {
                members.Refuse("a hard allowance ends at its limit; write enforcement: soft to let usage pass beyond it", "ceiling", "overage");
            }
        }
        else
        {
            ceiling = Ceiling(members, limitCursor, limit, meter, draft);
            overage = Overage(members);
        }

        Rollover? rollover = ofWorkspace ? null : ReadRollover(members, limitCursor, scope, per, meter, draft);
        return per is { } known ? new Allowance(meter, scope, known, limit, enforcement, ceiling, overage, rollover) : null;
    }

    private static Per? ReadPer(MemberSet members, Meter meter, CatalogDraft draft)
    {
        bool level = meter.Kind == MeterKind.Level;
        if (!members.TryGet("per", out DocumentCursor cursor))
        {
            return level ? Per.Lifetime : Per.Month;
        }

        string? text = cursor.Node is DocumentScalar { Kind: ScalarKind.Text } scalar ? scalar.Text : null;
        if (!PerNames.TryParse(text, out Per per))
        {
            string suggestion = text is null ? "" : NearestName.Suggestion(text, PerNames.All);
            cursor.Fail($"Per must be one of {DocumentCursor.List(PerNames.All)}; this is {cursor.Describe()}{suggestion}.");
            return null;
        }

        if (level && per != Per.Lifetime && draft.IsSound(meter))
        {
            cursor.Fail($"'per' is not allowed here: the level meter '{meter.Key}' has one balance that does not start anew.");
            return Per.Lifetime;
        }

        return per;
    }

    private static Quantity? Ceiling(MemberSet members, DocumentCursor limitCursor, Quantity? limit, Meter meter, CatalogDraft draft)
    {
        if (!members.TryGet("ceiling", out DocumentCursor cursor) || LimitReader.Read(cursor, meter, draft, "a ceiling") is not { } ceiling)
        {
            return null;
        }

        if (limitCursor.IsNull)
        {
            cursor.Fail("A ceiling is not allowed here: the limit is unlimited.");
        }
        else if (limit is { } known && ceiling < known)
        {
            cursor.Fail($"A ceiling must be at least the limit {known.ToDecimal(meter.Scale)}; this is {ceiling.ToDecimal(meter.Scale)}.");
        }

        return ceiling;
    }

    private static UnitPrice? Overage(MemberSet members)
    {
        if (!members.TryGet("overage", out DocumentCursor cursor)
            || cursor.Members("overage", "rate") is not { } overage
            || !overage.TryRequire("rate", "the price of one unit beyond the limit", out DocumentCursor rate))
        {
            return null;
        }

        return rate.Price("an overage rate") is { } price ? new UnitPrice(price) : null;
    }

    /// <summary><c>true</c> rolls all of the rest over, <c>{ max: n }</c> at most n.</summary>
    private static Rollover? ReadRollover(MemberSet members, DocumentCursor limitCursor, ScopeKind scope, Per? per, Meter meter, CatalogDraft draft)
    {
        if (!members.TryGet("rollover", out DocumentCursor cursor))
        {
            return null;
        }

        Rollover rollover;
        if (cursor.Node is DocumentScalar { Kind: ScalarKind.Boolean } scalar)
        {
            if (!scalar.IsTrue)
            {
                return null;
            }

            rollover = new Rollover(null);
        }
        else if (cursor.Node is DocumentMapping)
        {
            Quantity? most = null;
            if (cursor.Members("rollover", "max") is { } written && written.TryGetOrNull("max", out DocumentCursor max))
            {
                most = LimitReader.Read(max, meter, draft, "max");
            }

            rollover = new Rollover(most);
        }
        else
        {
            cursor.Fail($"Rollover must be true, false or a mapping with the member 'max'; this is {cursor.Describe()}.");
            return null;
        }

        if (per == Per.Lifetime && draft.IsSound(meter))
        {
            cursor.Fail("'rollover' is not allowed here: this allowance has no next period.");
        }
        else if (scope != ScopeKind.Account)
        {
            cursor.Fail("'rollover' is not allowed here: what rolls over is a grant, and grants belong to the whole account.");
        }
        else if (limitCursor.IsNull)
        {
            cursor.Fail("'rollover' is not allowed here: an unlimited allowance leaves no rest.");
        }

        return rollover;
    }
}
