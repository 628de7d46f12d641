// Changing a workout that was logged.

import { change, getOne } from "../api.js";
import { known } from "../catalogue.js";
import { editor, showFaults } from "../editor.js";
import { h } from "../element.js";
import { field } from "../forms.js";
import { t } from "../language.js";
import { go } from "../router.js";
import { button, explained, say, show } from "../view.js";
import { timeChanges, whenFields } from "../when.js";
import { bodyOf, draftOf } from "../workout.js";

export async function showEdit([id], isShown) {
  const workout = await getOne(`/api/workouts/${Number(id)}`);
  const draft = draftOf(workout, await known(workout));
  if (!isShown()) {
    return;
  }
  const form = editor(draft, { changed: () => {} });
  show(
    t("edit.title"),
    text(t("log.name"), "name", draft),
    text(t("notes"), "notes", draft),
    whenFields(draft),
    form,
    h(
      "p",
      { class: "buttons" },
      button(t("save"), () => save(workout, draft, form), { class: "primary" }),
      button(t("cancel"), () => go(`history/${workout.id}`), { class: "plain" }),
    ),
  );
}

function text(label, name, draft) {
  const element = field(label, { name, autocomplete: "off" });
  const input = element.querySelector("input");
  input.value = draft[name];
  input.addEventListener("input", () => {
    draft[name] = input.value;
  });
  return element;
}

// with the version that was read, so that nobody's change is overwritten unseen
async function save(workout, draft, form) {
  const { body, faults } = bodyOf(draft);
  showFaults(form, faults);
  if (faults.length > 0) {
    say(t("log.faults"));
    return;
  }
  try {
    await change("PUT", `/api/workouts/${workout.id}`, {
      ...body, ...timeChanges(workout, draft), version: workout.version,
    });
  } catch (problem) {
    say(problem.status === 409 ? t("edit.conflict") : explained(problem));
    return;
  }
  await go(`history/${workout.id}`);
  say(t("edit.saved"));
}
