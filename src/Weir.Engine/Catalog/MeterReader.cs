namespace Weir.Engine;

/// <summary>The section <c>meters</c>.</summary>
internal static class MeterReader
{
    public static void Read(MemberSet catalog, CatalogDraft draft)
    {
        if (catalog.TryGet("meters", out DocumentCursor section))
        {
            foreach (DocumentMember member in section.Entries("meters", "a meter", CatalogBounds.MostMeters))
            {
                if (member.Key == Meter.CostKey)
                {
                    section.FailAt(
                        member,
                        $"The meter '{Meter.CostKey}' is built in ({draft.Currency}, scale {Quantity.LargestScale}) and cannot be defined; give the meter another name.");
                    continue;
                }

                Read(section.Into(member), member.Key, draft);
            }
        }

        draft.Add(
            new Meter(
                Meter.CostKey, draft.Currency, Quantity.LargestScale, MeterKind.Sum, "What the events cost.", Retired: false, Metadata.Empty),
            sound: true);
    }

    private static void Read(DocumentCursor cursor, string key, CatalogDraft draft)
    {
        Meter empty = new(key, key, 0, MeterKind.Sum, null, Retired: false, Metadata.Empty);
        if (cursor.IsNull)
        {
            draft.Add(empty, sound: true);
            return;
        }

        if (cursor.Members("a meter", "unit", "scale", "kind", "description", "retired", "metadata") is not { } members)
        {
            draft.Add(empty, sound: false);
            return;
        }

        int? scale = members.TryGet("scale", out DocumentCursor scaleCursor)
            ? scaleCursor.Whole("scale", 0, Quantity.LargestScale)
            : 0;
        MeterKind kind = MeterKind.Sum;
        bool kindIsKnown = !members.TryGet("kind", out DocumentCursor kindCursor)
            || kindCursor.TryChoice("kind", out kind, ("sum", MeterKind.Sum), ("level", MeterKind.Level));
        draft.Add(
            new Meter(
                key,
                members.Text("unit") ?? key,
                scale ?? 0,
                kind,
                members.Text("description"),
                members.Boolean("retired"),
                MetadataReader.Read(members)),
            sound: scale is not null && kindIsKnown);
    }
}
